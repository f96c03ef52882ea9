// The derived rows that our indexer writes for these events, column for column where it matters for the work.
import { index, onchainTable, primaryKey } from "ponder";

export const transfer = onchainTable(
  "transfer",
  (t) => ({
    block: t.bigint().notNull(), logIndex: t.integer().notNull(), asset: t.hex().notNull(), sender: t.hex().notNull(),
    receiver: t.hex().notNull(), units: t.bigint().notNull(), tx: t.hex().notNull(), at: t.bigint().notNull(),
  }),
  (row) => ({
    pk: primaryKey({ columns: [row.block, row.logIndex] }),
    byAsset: index().on(row.asset), bySender: index().on(row.sender), byReceiver: index().on(row.receiver),
    byTx: index().on(row.tx), byTime: index().on(row.asset, row.at),
  }),
);

export const holding = onchainTable(
  "holding",
  (t) => ({
    asset: t.hex().notNull(), holder: t.hex().notNull(), units: t.bigint().notNull(), encumbered: t.bigint().notNull(),
    frozen: t.bigint().notNull(), free: t.bigint().notNull(), block: t.bigint().notNull(),
  }),
  (row) => ({ pk: primaryKey({ columns: [row.asset, row.holder] }), byHolder: index().on(row.holder) }),
);

export const holdingHistory = onchainTable(
  "holding_history",
  (t) => ({
    asset: t.hex().notNull(), holder: t.hex().notNull(), block: t.bigint().notNull(), logIndex: t.integer().notNull(),
    at: t.bigint().notNull(), units: t.bigint().notNull(), encumbered: t.bigint().notNull(), frozen: t.bigint().notNull(),
    free: t.bigint().notNull(),
  }),
  (row) => ({
    pk: primaryKey({ columns: [row.asset, row.holder, row.block, row.logIndex] }),
    byTime: index().on(row.asset, row.holder, row.at), byHolder: index().on(row.holder, row.asset, row.block),
  }),
);

export const supply = onchainTable(
  "supply",
  (t) => ({ asset: t.hex().primaryKey(), units: t.bigint().notNull(), holders: t.integer().notNull() }),
);

export const account = onchainTable("account", (t) => ({
  address: t.hex().primaryKey(), free: t.bigint().notNull(), held: t.bigint().notNull(), inTransit: t.bigint().notNull(),
  frozen: t.bigint().notNull(), block: t.bigint().notNull(),
}));

export const entry = onchainTable(
  "entry",
  (t) => ({
    block: t.bigint().notNull(), logIndex: t.integer().notNull(), account: t.hex().notNull(), kind: t.text().notNull(),
    at: t.bigint().notNull(), free: t.bigint().notNull(), held: t.bigint().notNull(), frozen: t.bigint().notNull(),
    counterparty: t.hex(), venue: t.hex(), reference: t.hex(), tx: t.hex().notNull(),
  }),
  (row) => ({
    pk: primaryKey({ columns: [row.block, row.logIndex, row.account, row.kind] }), byAccount: index().on(row.account, row.at),
  }),
);

export const escrow = onchainTable("escrow", (t) => ({ venue: t.hex().primaryKey(), kopeks: t.bigint().notNull() }));

export const sale = onchainTable("sale", (t) => ({
  issue: t.hex().primaryKey(), demand: t.bigint().notNull(), orders: t.integer().notNull(), open: t.integer().notNull(),
  issued: t.bigint().notNull(),
}));

export const order = onchainTable(
  "order",
  (t) => ({
    issue: t.hex().notNull(), orderId: t.bigint().notNull(), investor: t.hex().notNull(), ref: t.hex().notNull(),
    state: t.text().notNull(), units: t.bigint().notNull(), kopeks: t.bigint().notNull(), settled: t.bigint().notNull(),
    block: t.bigint().notNull(), tx: t.hex().notNull(), at: t.bigint().notNull(),
  }),
  (row) => ({ pk: primaryKey({ columns: [row.issue, row.orderId] }), byInvestor: index().on(row.investor) }),
);

export const run = onchainTable("run", (t) => ({
  id: t.bigint().primaryKey(), asset: t.hex().notNull(), state: t.text().notNull(), units: t.bigint().notNull(),
  kopeks: t.bigint().notNull(), holders: t.integer().notNull(),
}));

export const payment = onchainTable(
  "payment",
  (t) => ({
    run: t.bigint().notNull(), holder: t.hex().notNull(), units: t.bigint().notNull(), gross: t.bigint().notNull(),
    withheld: t.bigint().notNull(), toFrozen: t.boolean().notNull(), block: t.bigint().notNull(), logIndex: t.integer().notNull(),
    tx: t.hex().notNull(), at: t.bigint().notNull(),
  }),
  (row) => ({ pk: primaryKey({ columns: [row.run, row.holder] }), byHolder: index().on(row.holder) }),
);

export const participant = onchainTable("participant", (t) => ({
  address: t.hex().primaryKey(), number: t.bigint().notNull(), classes: t.bigint().notNull(), block: t.bigint().notNull(),
}));
