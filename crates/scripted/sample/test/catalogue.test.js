import assert from 'node:assert/strict';
import { test } from 'node:test';

import { findProduct, listProducts } from '../src/catalogue.js';

test('every product has a price in whole cents', () => {
  for (const product of listProducts()) {
    assert.ok(Number.isInteger(product.price) && product.price > 0, product.id);
  }
});

test('a product is found by its id', () => {
  assert.equal(findProduct('mug').name, 'Stoneware mug');
  assert.equal(findProduct('spoon'), null);
});
