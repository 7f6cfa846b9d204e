// A small MCP server on standard input and output, for what no well-behaved server does: it hangs, dies, floods and
// fails on demand. Every call is written to the file of its first argument, so that a test can count them.
import { appendFileSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [journal] = process.argv.slice(2);
const object = (properties, required) => ({ type: "object", properties, required });
const tools = [
  { name: "lookup", description: "Looks a ticket up.", inputSchema: object({ id: { type: "integer" } }, ["id"]), annotations: { readOnlyHint: true } },
  { name: "create", description: "Creates a ticket.", inputSchema: object({ title: { type: "string" } }, ["title"]) },
  { name: "hang", description: "Never answers.", inputSchema: object({}, []) },
  { name: "die", description: "Ends the server.", inputSchema: object({}, []) },
  { name: "flood", description: "Says far too much.", inputSchema: object({}, []) },
  { name: "refuse", description: "Does not want to.", inputSchema: object({}, []) },
];

const made = () => readFileSync(journal, "utf8").trim().split("\n").length;
const text = (text, isError = false) => ({ content: [{ type: "text", text }], isError });
const calls = {
  // Ticket 13 hangs when it is looked up for the first time.
  lookup: ({ id }) => id === 13 && made() === 1 ? undefined : text(`ticket ${id}: the greeting must say hello`),
  create: ({ title }) => text(`created ${title}`),
  hang: () => undefined,
  die: () => process.exit(7),
  flood: () => text("far too much\n".repeat(100_000)),
  refuse: () => text(`not with ${process.env.TRACKER_TOKEN}`, true),
};

function answer({ method, params }) {
  switch (method) {
    case "initialize":
      return { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "tracker", version: "1" } };
    case "tools/list":
      return { tools };
    case "tools/call":
      if (journal) appendFileSync(journal, `${params.name}\n`);
      return calls[params.name](params.arguments ?? {});
    default:
      return {};
  }
}

console.error(`tracker ${process.pid} is up, with ${process.env.TRACKER_TOKEN ?? "no token"}`);
if (process.env.TRACKER_BROKEN) process.exit(3);
for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  if (message.id === undefined) continue;
  const result = answer(message);
  if (result) process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id: message.id, result })}\n`);
}
