import { addItem, applyDiscount, createCart } from './cart.js';
import { listProducts } from './catalogue.js';
import { renderPage } from './frontend/page.js';
import { cartTotals } from './totals.js';

/** A shop with one cart, as long as nobody logs in. */
export function createShop() {
  return { cart: createCart() };
}

/**
 * Answers one request without touching a socket.
 *
 * @param {{ method: string, path: string, body?: unknown }} request
 * @returns {{ status: number, type: string, body: string }}
 */
export function handle(shop, { method, path, body }) {
  try {
    switch (`${method} ${path}`) {
      case 'GET /':
        return html(renderPage({ cart: shop.cart, products: listProducts(), totals: cartTotals(shop.cart) }));
      case 'GET /cart':
        return json(200, describe(shop.cart));
      case 'POST /cart/items':
        addItem(shop.cart, body?.productId, body?.quantity ?? 1);
        return json(201, describe(shop.cart));
      case 'POST /cart/discount':
        applyDiscount(shop.cart, body?.code);
        return json(200, describe(shop.cart));
      default:
        return json(404, { error: `there is nothing at ${method} ${path}` });
    }
  } catch (error) {
    if (error instanceof RangeError) {
      return json(422, { error: error.message });
    }
    throw error;
  }
}

function describe(cart) {
  const lines = cart.lines.map(({ product, quantity }) => ({ productId: product.id, quantity }));
  return { lines, discountCode: cart.discount?.code ?? null, totals: cartTotals(cart) };
}

function json(status, body) {
  return { status, type: 'application/json', body: JSON.stringify(body) };
}

function html(body) {
  return { status: 200, type: 'text/html; charset=utf-8', body };
}
