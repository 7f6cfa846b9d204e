import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createShop, handle } from '../src/shop.js';

test('the page lists the products', () => {
  const answer = handle(createShop(), { method: 'GET', path: '/' });
  assert.equal(answer.status, 200);
  assert.match(answer.body, /Stoneware mug/);
});

test('an item is added to the cart', () => {
  const shop = createShop();
  const added = handle(shop, { method: 'POST', path: '/cart/items', body: { productId: 'tea', quantity: 2 } });
  assert.equal(added.status, 201);
  const { lines, totals } = JSON.parse(handle(shop, { method: 'GET', path: '/cart' }).body);
  assert.deepEqual(lines, [{ productId: 'tea', quantity: 2 }]);
  assert.equal(totals.subtotal, 900);
});

test('what cannot be done is explained', () => {
  const answer = handle(createShop(), { method: 'POST', path: '/cart/discount', body: { code: 'FREE' } });
  assert.equal(answer.status, 422);
  assert.match(answer.body, /is not known/);
});

test('an unknown path is answered with 404', () => {
  assert.equal(handle(createShop(), { method: 'GET', path: '/spoons' }).status, 404);
});
