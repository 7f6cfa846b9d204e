export const STYLES = `
body { font-family: system-ui, sans-serif; margin: 2rem auto; max-width: 40rem; color: #222; }
header { display: flex; justify-content: space-between; align-items: baseline; }
.cart-link { color: inherit; }
.product { display: flex; justify-content: space-between; padding: 0.5rem 0; border-bottom: 1px solid #ddd; }
.totals dt { float: left; clear: left; width: 8rem; }
`;
