import { escapeHtml, formatMoney } from './format.js';
import { STYLES } from './styles.js';

/** The top of every page: the shop's name and the way to the cart. */
export function renderHeader(cart) {
  return `<header>
  <h1>Corner Shop</h1>
  <a class="cart-link" href="/cart">Cart</a>
</header>`;
}

function renderProduct(product) {
  return `<li class="product"><span>${escapeHtml(product.name)}</span> <span>${formatMoney(product.price)}</span></li>`;
}

function renderTotals({ subtotal, discount, total }) {
  const saved = discount > 0 ? `<dt>Discount</dt><dd>-${formatMoney(discount)}</dd>` : '';
  return `<dl class="totals">
  <dt>Subtotal</dt><dd>${formatMoney(subtotal)}</dd>
  ${saved}
  <dt>Total</dt><dd>${formatMoney(total)}</dd>
</dl>`;
}

/** The whole page. */
export function renderPage({ cart, products, totals }) {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Corner Shop</title>
<style>${STYLES}</style>
</head>
<body>
${renderHeader(cart)}
<ul>
${products.map(renderProduct).join('\n')}
</ul>
${renderTotals(totals)}
</body>
</html>
`;
}
