import type { Source } from './drafts.ts';

/** Endings of files that lie beside recordings in a folder, and are none. */
const others = /\.(?:txt|srt|vtt|json|csv|tsv|pdf|docx?|xlsx?|jpe?g|png|gif|md|html?|zip|nfo|xml|ds_store|ini|db)$/iu;

/** Of files that were chosen, those that may be recordings. What they are the server finds out. */
export function recordingsOf(files: readonly File[]): readonly Source[] {
  const named = files.filter(({ name }) => !name.startsWith('.') && !others.test(name));
  return (files.length === 1 ? files : named).map((file) => ({ kind: 'FILE', name: file.name, file }));
}

/** All files that were dropped, those of folders too. Its first part runs at once: afterwards the browser has forgotten what was dropped. */
export function droppedFiles({ items }: DataTransfer): Promise<readonly File[]> {
  const entries = [...items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  return filesOf(entries);
}

async function filesOf(entries: readonly FileSystemEntry[]): Promise<readonly File[]> {
  const found: File[] = [];
  for (const entry of entries) {
    if (isFile(entry)) found.push(await new Promise<File>((resolve, reject) => entry.file(resolve, reject)));
    else if (isFolder(entry)) found.push(...(await filesOf(await entriesOf(entry))));
  }
  return found;
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;

/** A browser gives them a hundred at a time, and none when that was all. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<readonly FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}
