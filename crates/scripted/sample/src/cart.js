import { findProduct } from './catalogue.js';
import { findDiscount } from './discounts.js';

/** The most of one product that a cart holds. */
const MAX_QUANTITY = 99;

export function createCart() {
  return { lines: [], discount: null };
}

/** Adds a quantity of a product; a product that is in the cart already keeps its line. */
export function addItem(cart, productId, quantity = 1) {
  const product = findProduct(productId);
  if (!product) {
    throw new RangeError(`there is no product "${productId}"`);
  }
  if (!Number.isInteger(quantity) || quantity < 1) {
    throw new RangeError('the quantity must be a whole number of at least 1');
  }
  const line = cart.lines.find((other) => other.product.id === productId);
  const wanted = (line?.quantity ?? 0) + quantity;
  if (wanted > MAX_QUANTITY) {
    throw new RangeError(`a cart holds at most ${MAX_QUANTITY} of one product`);
  }
  if (line) {
    line.quantity = wanted;
  } else {
    cart.lines.push({ product, quantity });
  }
  return cart;
}

/** Removes a product's line, if there is one. */
export function removeItem(cart, productId) {
  cart.lines = cart.lines.filter((line) => line.product.id !== productId);
  return cart;
}

/** How many items the cart holds, all lines together. */
export function itemCount(cart) {
  return cart.lines.reduce((count, line) => count + line.quantity, 0);
}

/** Applies a discount code; a later code replaces an earlier one. */
export function applyDiscount(cart, code) {
  const discount = findDiscount(code);
  if (!discount) {
    throw new RangeError(`the discount code "${code}" is not known`);
  }
  cart.discount = discount;
  return cart;
}
