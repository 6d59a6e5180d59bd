export interface Order {
  readonly id: string;
  readonly customer: string;
  readonly amount: number;
  /** Added by enrichment. */
  readonly country?: string;
  /** Added by payments. */
  readonly payment?: string;
}

/** Throws a SyntaxError or TypeError on anything that is no order. */
export function parseOrder(text: string): Order {
  const order = JSON.parse(text) as Order;
  if (typeof order?.id !== 'string' || typeof order.amount !== 'number') throw new TypeError('not an order');
  return order;
}
