import type { LintTables } from './lint-case';

const events = (constraint: string) => ({
  up: `CREATE TABLE events (id uuid NOT NULL CONSTRAINT events_pkey PRIMARY KEY, order_id uuid, ${constraint})`,
  down: `DROP TABLE events`,
});

export const poolShape = {
  'no-pool-form': {
    'hash-index': {
      up: [events('name text').up, `CREATE INDEX events_name_idx ON events USING hash (name)`],
      down: `DROP TABLE events`,
    },
    'match-full': events(
      `CONSTRAINT events_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders (id) MATCH FULL`,
    ),
    'on-update-set-null': events(
      `CONSTRAINT events_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders (id) ON UPDATE SET NULL`,
    ),
    'own-shop-column': events(`shop_id uuid`),
    'without-columns': events(`CONSTRAINT events_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders`),
  },
} satisfies LintTables;
