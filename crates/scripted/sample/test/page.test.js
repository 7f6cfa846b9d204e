import assert from 'node:assert/strict';
import { test } from 'node:test';

import { addItem, createCart } from '../src/cart.js';
import { escapeHtml, formatMoney } from '../src/frontend/format.js';
import { renderHeader } from '../src/frontend/page.js';

test('cents become euros', () => {
  assert.equal(formatMoney(1295), '€12.95');
});

test('text cannot break out of the page', () => {
  assert.equal(escapeHtml('<b title="x">'), '&lt;b title=&quot;x&quot;&gt;');
});

test('the header shows a badge with the number of items', () => {
  const cart = createCart();
  addItem(cart, 'tea', 2);
  addItem(cart, 'mug');
  assert.match(renderHeader(cart), /<span class="badge" aria-label="3 items in your cart">3<\/span>/);
});

test('an empty cart has no badge', () => {
  assert.doesNotMatch(renderHeader(createCart()), /badge/);
});
