const DISCOUNTS = [
  { code: 'WELCOME10', value: 0.1 },
  { code: 'SPRING15', value: 0.15 },
  { code: 'STAFF25', value: 0.25 },
];

/** The discount with this code, whatever its case, or `null`. */
export function findDiscount(code) {
  const wanted = String(code).trim().toUpperCase();
  return DISCOUNTS.find((discount) => discount.code === wanted) ?? null;
}
