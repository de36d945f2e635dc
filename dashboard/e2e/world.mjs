// A market with its server, in processes of their own that a script can end and
// start again: what the page is from must be able to go away.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PATIENCE_MS = 60_000;

/** A frame that is no tick: a replay of it has a broker, and nothing in it. */
const SILENCE = '1723161255030314667 {"stream":"btcusdt@depth@0ms","data":{"e":"depthUpdate","E":1723161256299,"s":"BTCUSDT","b":[],"a":[]}}\n';

/** A process of ours, with what it says. */
class Program {
  #child;
  #said = "";
  #ended;

  constructor(binary, args) {
    this.#child = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream.on("data", (data) => void (this.#said += data));
    this.#ended = new Promise((resolve) => this.#child.on("exit", resolve));
  }

  /** What the first parentheses of pattern hold of what it says. */
  async says(pattern) {
    for (let waited = 0; waited < PATIENCE_MS; waited += 50) {
      const found = pattern.exec(this.#said);
      if (found !== null) return found[1];
      if (this.#child.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`it did not say ${pattern}, but: ${this.#said.slice(-500)}`);
  }

  /** Ends it at once, as a machine does that fails. */
  async kill() {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}

export class World {
  #binary;
  #folder = mkdtempSync(join(tmpdir(), "tickwire-e2e-"));
  #kafka;
  #brokers;
  #source;
  #server;
  #listen = "127.0.0.1:0";
  #market;
  #serve;

  /** market are the flags of the source, serve more flags of the server. */
  constructor(binary, market, serve = []) {
    this.#binary = binary;
    this.#market = market;
    this.#serve = serve;
  }

  /** Starts everything, and resolves to the address of the page. */
  async start() {
    const recording = join(this.#folder, "silence");
    writeFileSync(recording, SILENCE);
    this.#kafka = new Program(this.#binary, ["demo", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data-dir", join(this.#folder, "log"), "--source", "replay", recording]);
    this.#brokers = await this.#kafka.says(/^broker +(\S+),/m);
    this.startSource();
    await this.startServer();
    return this.url;
  }

  get url() {
    return `http://${this.#listen}/`;
  }

  startSource() {
    this.#source = new Program(this.#binary, ["publish", "--brokers", this.#brokers, ...this.#market]);
  }

  async stopSource() {
    await this.#source?.kill();
    this.#source = undefined;
  }

  async startServer() {
    this.#server = new Program(this.#binary, ["serve", "--brokers", this.#brokers, "--listen", this.#listen, "--admin", "127.0.0.1:0", ...this.#serve]);
    this.#listen = await this.#server.says(/^dashboard +https?:\/\/([^/\s]+)\//m);
  }

  async stopServer() {
    await this.#server?.kill();
    this.#server = undefined;
  }

  async end() {
    await this.stopSource();
    await this.stopServer();
    await this.#kafka?.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
