/**
 * Adds up a cart. All amounts are in cents.
 *
 * @returns {{ subtotal: number, discount: number, total: number }}
 */
export function cartTotals(cart) {
  const subtotal = cart.lines.reduce((sum, line) => sum + line.product.price * line.quantity, 0);
  const discount = cart.discountValue ? subtotal * cart.discountValue : 0;
  return { subtotal, discount, total: subtotal - discount };
}
