/**
 * @typedef {object} Product
 * @property {string} id
 * @property {string} name
 * @property {number} price in whole cents
 */

/** @type {Product[]} */
const PRODUCTS = [
  { id: 'tea', name: 'Assam tea, 100 g', price: 450 },
  { id: 'honey', name: 'Forest honey', price: 795 },
  { id: 'mug', name: 'Stoneware mug', price: 1295 },
  { id: 'tin', name: 'Tea tin', price: 1600 },
];

/** Everything that is sold, in the order in which it is shown. */
export function listProducts() {
  return [...PRODUCTS];
}

/** The product with this id, or `null`. */
export function findProduct(id) {
  return PRODUCTS.find((product) => product.id === id) ?? null;
}
