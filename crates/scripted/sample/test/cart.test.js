import assert from 'node:assert/strict';
import { test } from 'node:test';

import { addItem, applyDiscount, createCart, itemCount, removeItem } from '../src/cart.js';

test('adding a product twice keeps one line', () => {
  const cart = createCart();
  addItem(cart, 'tea');
  addItem(cart, 'tea', 2);
  assert.equal(cart.lines.length, 1);
  assert.equal(itemCount(cart), 3);
});

test('unknown products and odd quantities are refused', () => {
  const cart = createCart();
  assert.throws(() => addItem(cart, 'spoon'), RangeError);
  assert.throws(() => addItem(cart, 'tea', 0), RangeError);
  assert.throws(() => addItem(cart, 'tea', 1.5), RangeError);
  assert.throws(() => addItem(cart, 'tea', 100), RangeError);
  assert.equal(itemCount(cart), 0);
});

test('a removed product is gone', () => {
  const cart = addItem(createCart(), 'tea');
  removeItem(cart, 'tea');
  assert.deepEqual(cart.lines, []);
});

test('a discount code works in any case and an unknown one is refused', () => {
  const cart = applyDiscount(createCart(), ' welcome10 ');
  assert.equal(cart.discount.code, 'WELCOME10');
  assert.throws(() => applyDiscount(cart, 'FREE'), RangeError);
});
