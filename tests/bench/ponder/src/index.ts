// Handlers that do for each event what indexer/projections does.
import { ponder } from "ponder:registry";
import { account, entry, escrow, holding, holdingHistory, order, participant, payment, run, sale, supply, transfer } from "ponder:schema";

const NOBODY = "0x0000000000000000000000000000000000000000";
const U64 = (1n << 64n) - 1n;

const place = (event: any) => ({ block: event.block.number, logIndex: event.log.logIndex });

async function money(db: any, event: any, who: any, kind: string, delta: any, more: any = {}) {
  const { free = 0n, held = 0n, frozen = 0n } = delta;
  await db
    .insert(account)
    .values({ address: who, free, held, inTransit: 0n, frozen, block: event.block.number })
    .onConflictDoUpdate((row: any) => ({
      free: row.free + free, held: row.held + held, frozen: row.frozen + frozen, block: event.block.number,
    }));
  const moved = { free, held, frozen, ...more };
  await db.insert(entry).values({ ...place(event), account: who, kind, at: event.block.timestamp, tx: event.transaction.hash, ...moved });
}

async function keep(db: any, venue: any, kopeks: bigint) {
  await db.insert(escrow).values({ venue, kopeks }).onConflictDoUpdate((row: any) => ({ kopeks: row.kopeks + kopeks }));
}

async function move(db: any, event: any, holder: any, units: bigint) {
  const block = event.block.number;
  const row = await db
    .insert(holding)
    .values({ asset: event.log.address, holder, units, encumbered: 0n, frozen: 0n, free: units, block })
    .onConflictDoUpdate((old: any) => ({ units: old.units + units, free: old.free + units, block }));
  const { encumbered, frozen, free } = row;
  const after = { units: row.units, encumbered, frozen, free };
  await db.insert(holdingHistory).values({ asset: event.log.address, holder, ...place(event), at: event.block.timestamp, ...after });
  return Number(row.units !== 0n) - Number(row.units - units !== 0n);
}

ponder.on("DigitalAsset:Transfer", async ({ event, context: { db } }) => {
  const { from, to, value } = event.args as any;
  const moved = { asset: event.log.address, sender: from, receiver: to, units: value };
  await db.insert(transfer).values({ ...place(event), ...moved, tx: event.transaction.hash, at: event.block.timestamp });
  let holders = 0;
  if (from !== NOBODY) holders += await move(db, event, from, -value);
  if (to !== NOBODY) holders += await move(db, event, to, value);
  const units = (from === NOBODY ? value : 0n) - (to === NOBODY ? value : 0n);
  if (units === 0n && holders === 0) return;
  await db
    .insert(supply)
    .values({ asset: event.log.address, units, holders })
    .onConflictDoUpdate((row: any) => ({ units: row.units + units, holders: row.holders + holders }));
});

ponder.on("Rubles:RublesCredited", async ({ event, context: { db } }) => {
  const { account: who, kopeks, bankRef } = event.args as any;
  await money(db, event, who, "CREDIT", { free: kopeks }, { reference: bankRef });
});

ponder.on("Rubles:RublesHeld", async ({ event, context: { db } }) => {
  const { account: who, kopeks, venue } = event.args as any;
  await money(db, event, who, "HOLD", { free: -kopeks, held: kopeks }, { venue });
  await keep(db, venue, kopeks);
});

ponder.on("Rubles:RublesReleased", async ({ event, context: { db } }) => {
  const { account: who, kopeks, venue } = event.args as any;
  await money(db, event, who, "RELEASE", { free: kopeks, held: -kopeks }, { venue });
  await keep(db, venue, -kopeks);
});

ponder.on("Rubles:RublesPaid", async ({ event, context: { db } }) => {
  const { from, to, kopeks, venue, fromHeld } = event.args as any;
  await money(db, event, from, "PAID_OUT", fromHeld ? { held: -kopeks } : { free: -kopeks }, { venue, counterparty: to });
  await money(db, event, to, "PAID_IN", { free: kopeks }, { venue, counterparty: from });
  if (fromHeld) await keep(db, venue, -kopeks);
});

ponder.on("Rubles:RublesPaidBatch", async ({ event, context: { db } }) => {
  const { from, venue, payments } = event.args as any;
  let total = 0n;
  for (const packed of payments) total += packed & U64;
  await money(db, event, from, "PAID_OUT", { held: -total }, { venue });
  for (const packed of payments) {
    const who = `0x${(packed >> 96n).toString(16).padStart(40, "0")}`;
    const part = (packed >> 64n) & 1n ? "frozen" : "free";
    await money(db, event, who, "PAID_IN", { [part]: packed & U64 }, { venue, counterparty: from });
  }
  await keep(db, venue, -total);
});

ponder.on("Placement:PlacementOpened", async ({ event, context: { db } }) => {
  await db.insert(sale).values({ issue: (event.args as any).issueId, demand: 0n, orders: 0, open: 0, issued: 0n });
});

ponder.on("Placement:OrderPlaced", async ({ event, context: { db } }) => {
  const { issueId, orderId, investor, units, kopeks, clientRef } = event.args as any;
  const placed = { block: event.block.number, tx: event.transaction.hash, at: event.block.timestamp };
  const made = { issue: issueId, orderId: BigInt(orderId), investor, ref: clientRef, state: "OPEN", units, kopeks, settled: 0n };
  await db.insert(order).values({ ...made, ...placed });
  await db.update(sale, { issue: issueId }).set((row: any) => ({
    demand: row.demand + units, orders: row.orders + 1, open: row.open + 1,
  }));
});

ponder.on("Placement:OrderSettled", async ({ event, context: { db } }) => {
  const { issueId, orderId, units } = event.args as any;
  await db.update(order, { issue: issueId, orderId: BigInt(orderId) }).set({ state: "SETTLED", settled: units });
  await db.update(sale, { issue: issueId }).set((row: any) => ({ issued: row.issued + units, open: row.open - 1 }));
});

ponder.on("Payouts:RunDeclared", async ({ event, context: { db } }) => {
  const { id, asset } = event.args as any;
  await db.insert(run).values({ id, asset, state: "DECLARED", units: 0n, kopeks: 0n, holders: 0 });
});

ponder.on("Payouts:RunFunded", async ({ event, context: { db } }) => {
  await db.update(run, { id: (event.args as any).id }).set({ state: "FUNDED" });
});

ponder.on("Payouts:RunCompleted", async ({ event, context: { db } }) => {
  await db.update(run, { id: (event.args as any).id }).set({ state: "DONE" });
});

ponder.on("Payouts:HoldersPaid", async ({ event, context: { db } }) => {
  const { id, holders, payments } = event.args as any;
  let units = 0n;
  let kopeks = 0n;
  for (let n = 0; n < holders.length; n++) {
    const packed = payments[n];
    const mine = { units: (packed >> 192n) & U64, gross: (packed >> 128n) & U64, withheld: (packed >> 64n) & U64 };
    const seen = { ...place(event), tx: event.transaction.hash, at: event.block.timestamp, toFrozen: Boolean(packed & 1n) };
    await db.insert(payment).values({ run: id, holder: holders[n], ...mine, ...seen });
    units += mine.units;
    kopeks += mine.gross;
  }
  await db.update(run, { id }).set((row: any) => ({
    state: "EXECUTING", units: row.units + units, kopeks: row.kopeks + kopeks, holders: row.holders + holders.length,
  }));
});

ponder.on("Participants:ParticipantAdmitted", async ({ event, context: { db } }) => {
  const { who, number, classes } = event.args as any;
  const block = event.block.number;
  await db.insert(participant).values({ address: who, number: BigInt(number), classes: BigInt(classes), block }).onConflictDoNothing();
});
