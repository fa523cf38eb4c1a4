// Files a user drops or chooses, each with its path inside what was dropped.

const LITTER = new Set([".DS_Store", "Thumbs.db", "desktop.ini"]);

const isLitter = (path) => {
  const parts = path.split("/");
  return parts.includes("__MACOSX") || LITTER.has(parts.at(-1)) || parts.at(-1).startsWith("._");
};

/** {file, path} of each file of an input. */
export function filesOfInput(input) {
  const found = [...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
  return found.filter(({ path }) => !isLitter(path));
}

/** {file, path} of each file that was dropped, those in folders included. */
export async function filesOfDrop(transfer) {
  // The items are gone once this turn of the event loop is: entries are taken first.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files].map((file) => ({ file, path: file.name }));
  const found = [];
  for (const entry of entries) await walk(entry, found);
  return found.filter(({ path }) => !isLitter(path));
}

async function walk(entry, found) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    found.push({ file, path: entry.fullPath.replace(/^\//, "") });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const page = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!page.length) return; // a folder is read in pages
    for (const child of page) await walk(child, found);
  }
}
