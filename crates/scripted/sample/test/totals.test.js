import assert from 'node:assert/strict';
import { test } from 'node:test';

import { addItem, applyDiscount, createCart } from '../src/cart.js';
import { cartTotals } from '../src/totals.js';

test('an empty cart costs nothing', () => {
  assert.deepEqual(cartTotals(createCart()), { subtotal: 0, discount: 0, total: 0 });
});

test('without a discount the total is the subtotal', () => {
  const cart = createCart();
  addItem(cart, 'tea', 2);
  addItem(cart, 'mug');
  assert.deepEqual(cartTotals(cart), { subtotal: 2195, discount: 0, total: 2195 });
});

test('a discount code lowers the total', () => {
  const cart = addItem(createCart(), 'tin', 2);
  applyDiscount(cart, 'WELCOME10');
  assert.deepEqual(cartTotals(cart), { subtotal: 3200, discount: 320, total: 2880 });
});
