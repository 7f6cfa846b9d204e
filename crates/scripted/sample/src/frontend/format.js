const MONEY = new Intl.NumberFormat('en-IE', { style: 'currency', currency: 'EUR' });

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Cents as text, such as `€12.95`. */
export function formatMoney(cents) {
  return MONEY.format(cents / 100);
}

/** Text as it may stand in HTML, in attributes too. */
export function escapeHtml(text) {
  return String(text).replace(/[&<>"']/g, (character) => ENTITIES[character]);
}
