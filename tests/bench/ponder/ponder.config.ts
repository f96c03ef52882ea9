// The same contracts and events as our indexer reads, from the same deployment file and ABI files.
import { readFileSync } from "node:fs";
import { createConfig, factory } from "ponder";
import { getAbiItem } from "viem";

const { contracts } = JSON.parse(readFileSync(process.env.DEPLOYMENT_FILE!, "utf8"));
const abi = (name: string) => JSON.parse(readFileSync(`${process.env.ABI_FOLDER}/${name}.json`, "utf8"));
const one = (name: string) => ({ chain: "kapital" as const, abi: abi(name), address: contracts[name], startBlock: 0 });

export default createConfig({
  database: { kind: "postgres", connectionString: process.env.DATABASE_URL },
  ordering: "multichain",
  chains: {
    kapital: { id: Number(process.env.CHAIN_ID), rpc: process.env.RPC_URL, pollingInterval: 100 },
  },
  contracts: {
    Rubles: one("Rubles"),
    Placement: one("Placement"),
    Payouts: one("Payouts"),
    Participants: one("Participants"),
    IssueRegistry: one("IssueRegistry"),
    DigitalAsset: {
      chain: "kapital",
      abi: abi("DigitalAsset"),
      startBlock: 0,
      address: factory({
        address: contracts.IssueRegistry,
        event: getAbiItem({ abi: abi("IssueRegistry"), name: "IssueDeployed" }),
        parameter: "asset",
      }),
    },
  },
});
