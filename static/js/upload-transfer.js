// Sends files by the tus protocol: announced first, then several at a time, each piece with its checksum. What has
// arrived stays on the server; a transfer that is begun again with the same files goes on where it stopped.

import "../vendor/tus/tus.min.js";

const PIECE = 8 * 1024 * 1024;
const AT_ONCE = 3;
const ANNOUNCED_AT_ONCE = 1000;
const DELAYS = [0, 1000, 2000, 5000, 10000, 20000, ...Array(30).fill(30000)];
const RETRIED = new Set([409, 423, 429, 460]);
const KEEP_DAYS = 8;

export class TransferError extends Error {
  constructor(error) {
    super(error.message);
    this.hint = error.hint ?? "";
    this.code = error.code ?? "";
  }
}

const keyOf = (group) => `upload:${group}`;

/** When a file was last changed, as it was when this browser began to send it: a file changed since is begun again. */
class Memory {
  constructor(group) {
    this.key = keyOf(group);
    try {
      this.known = JSON.parse(localStorage.getItem(this.key))?.files ?? {};
    } catch {
      this.known = {};
    }
  }

  isSame({ file, path }) {
    return this.known[path] === file.lastModified;
  }

  keep(files) {
    for (const { file, path } of files) if (file.size > PIECE) this.known[path] = file.lastModified;
    try {
      localStorage.setItem(this.key, JSON.stringify({ at: Date.now(), files: this.known }));
    } catch {
      // no room: such files are sent again from their beginning
    }
  }

  static forgetOld() {
    for (const key of Object.keys(localStorage).filter((name) => name.startsWith("upload:"))) {
      let at = 0;
      try {
        at = JSON.parse(localStorage.getItem(key)).at;
      } catch {
        // not ours any more
      }
      if (Date.now() - at > KEEP_DAYS * 86400000) localStorage.removeItem(key);
    }
  }
}

async function digest(blob) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
}

const toHex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** Calls of the REST part, with the page's CSRF token. */
export class TransferServer {
  constructor(url, token) {
    this.url = url;
    this.headers = { "X-CSRFToken": token, Accept: "application/json" };
  }

  async ask(path, options = {}) {
    const answer = await fetch(this.url + path, { ...options, headers: { ...this.headers, ...options.headers } });
    if (answer.ok) return answer.status === 204 ? null : answer.json();
    const said = await answer.json().catch(() => ({}));
    throw new TransferError(said.error ?? { message: `The server answered ${answer.status}.`, hint: "Try again." });
  }

  announce(group, files) {
    const body = JSON.stringify({ group, files: files.map(({ file, path }) => ({ path, size: file.size })) });
    return this.ask("/batch", { method: "POST", body, headers: { "Content-Type": "application/json" } });
  }

  async giveUp(group) {
    for (const wait of [500, 1000, 2000, 4000, 8000, null]) {
      try {
        return await this.ask(`/groups/${group}`, { method: "DELETE", keepalive: true });
      } catch (error) {
        if (error.code !== "locked" || wait === null) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, wait)); // the server has not noticed yet that we stopped sending
    }
  }

  /** The group that was begun with these files, if there is one: all its files are among them. */
  async findBegun(files) {
    const sizes = new Map(files.map(({ file, path }) => [path, file.size]));
    const total = files.reduce((sum, { file }) => sum + file.size, 0);
    const { items: groups } = await this.ask("");
    for (const group of groups.filter((one) => one.files <= files.length && one.size <= total)) {
      const { items } = await this.ask(`?group=${group.group}`);
      if (items.length && items.every((item) => sizes.get(item.path) === item.size)) return group.group;
    }
    return "";
  }
}

/** One upload of many files. `onProgress({sent, total, done, count})` is called as bytes go. */
export class Transfer {
  #active = new Map(); // tus upload → the bytes of it that have gone
  #queue = [];
  #finish = null;
  #isPaused = false;
  #pauses = 0;
  #isCanceled = false;
  #beginning = Promise.resolve(); // settled once the server knows of all files

  constructor(server, files, onProgress) {
    this.server = server;
    this.files = files;
    this.onProgress = onProgress;
    this.group = "";
    this.done = 0;
    this.doneBytes = 0;
    this.total = files.reduce((sum, { file }) => sum + file.size, 0);
  }

  /** Resolves with the group when every file is whole on the server. */
  async send() {
    Memory.forgetOld();
    this.#beginning = this.#begin();
    await this.#beginning;
    await new Promise((resolve, reject) => {
      this.#finish = { resolve, reject };
      this.tell();
      this.#fill();
    });
    return this.group;
  }

  async #begin() {
    this.group = await this.server.findBegun(this.files);
    const memory = new Memory(this.group);
    const announced = await this.#announce().catch((error) => {
      if (error.code !== "gone" || !this.group) throw error;
      this.group = ""; // given up meanwhile, in another tab perhaps
      return this.#announce();
    });
    memory.key = keyOf(this.group);
    await this.#dropChanged(announced, memory);
    memory.keep(this.files);
    for (const entry of announced) {
      if (entry.item.completed_at) this.#count(entry.file);
      else this.#queue.push(entry);
    }
  }

  get isPaused() {
    return this.#isPaused;
  }

  pause() {
    this.#isPaused = true;
    this.#pauses += 1;
    for (const upload of this.#active.keys()) upload.abort();
  }

  resume() {
    this.#isPaused = false;
    for (const upload of this.#active.keys()) upload.start();
    this.#fill();
  }

  async cancel() {
    this.pause();
    this.#isCanceled = true;
    await this.#beginning.catch(() => {}); // what the server has just made room for goes too
    this.#queue = [];
    if (this.group) await this.server.giveUp(this.group);
    this.forget();
  }

  /** The files have become a dataset, or are gone. */
  forget() {
    localStorage.removeItem(keyOf(this.group));
  }

  async #announce(files = this.files) {
    const announced = [];
    for (let start = 0; start < files.length && !this.#isCanceled; start += ANNOUNCED_AT_ONCE) {
      const page = files.slice(start, start + ANNOUNCED_AT_ONCE);
      const answer = await this.server.announce(this.group, page);
      this.group = answer.group;
      answer.items.forEach((item, at) => announced.push({ ...page[at], item }));
    }
    return announced;
  }

  /** What has come of a file that has changed since is given up. */
  async #dropChanged(announced, memory) {
    const changed = [];
    if (this.#isCanceled) return;
    for (const entry of announced) if (entry.item.offset && !(await isStill(entry, memory))) changed.push(entry);
    const headers = { "Tus-Resumable": "1.0.0" };
    for (const { item } of changed) await this.server.ask(`/${item.id}`, { method: "DELETE", headers });
    const again = changed.length ? await this.#announce(changed) : [];
    again.forEach((entry, at) => (changed[at].item = entry.item));
  }

  #fill() {
    while (!this.#isPaused && this.#active.size < AT_ONCE && this.#queue.length) this.#start(this.#queue.shift());
    if (!this.#active.size && !this.#queue.length) this.#finish?.resolve();
  }

  #start({ file, path, item }) {
    const isSmall = file.size <= PIECE; // goes with one request
    const upload = new window.tus.Upload(file, {
      ...(isSmall ? { endpoint: this.server.url, uploadDataDuringCreation: true } : { uploadUrl: `${this.server.url}/${item.id}` }),
      metadata: { filename: file.name, relativePath: path, group: this.group },
      headers: this.server.headers,
      chunkSize: PIECE,
      storeFingerprintForResuming: false,
      retryDelays: DELAYS,
      onBeforeRequest: (request) => this.#prepare(request, file),
      onShouldRetry: (error) => isWorthAnother(error),
      onProgress: (sent) => {
        this.#active.set(upload, sent);
        this.tell();
      },
      onSuccess: () => {
        this.#active.delete(upload);
        this.#count(file);
        this.tell();
        this.#fill();
      },
      onError: (error) => this.#fail(error),
    });
    this.#active.set(upload, 0);
    upload.start();
  }

  /** Its checksum; tus stops a request under way, but not one that is still being prepared: that one is never sent. */
  async #prepare(request, file) {
    const pauses = this.#pauses;
    await addChecksum(request, file);
    if (this.#isPaused || pauses !== this.#pauses) await new Promise(() => {});
  }

  #fail(error) {
    this.pause();
    this.#queue = [];
    let said = { message: "The connection is lost.", hint: "Check the network and press Upload: it goes on where it stopped." };
    try {
      said = JSON.parse(error.originalResponse.getBody()).error;
    } catch {
      // no answer, or none of ours
    }
    this.#finish.reject(new TransferError(said));
  }

  #count(file) {
    this.done += 1;
    this.doneBytes += file.size;
  }

  /** Say how far it is. */
  tell() {
    const sent = this.doneBytes + [...this.#active.values()].reduce((sum, bytes) => sum + bytes, 0);
    this.onProgress({ sent, total: this.total, done: this.done, count: this.files.length });
  }
}

async function isStill({ file, path, item }, memory) {
  if (file.size > PIECE) return memory.isSame({ file, path });
  // Without https there is no digest to be had: path and size must do
  return !item.sha256 || !crypto.subtle || toHex(await digest(file)) === item.sha256;
}

async function addChecksum(request, file) {
  if (!crypto.subtle || !["PATCH", "POST"].includes(request.getMethod())) return;
  const offset = Number(request.getHeader("Upload-Offset") ?? 0);
  const bytes = await digest(file.slice(offset, offset + PIECE));
  request.setHeader("Upload-Checksum", `sha256 ${btoa(String.fromCharCode(...bytes))}`);
}

function isWorthAnother(error) {
  const status = error.originalResponse?.getStatus() ?? 0;
  return status === 0 || RETRIED.has(status) || (status >= 500 && status !== 507);
}
