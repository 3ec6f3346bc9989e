/** Commands to be pasted: written the way in which this program was started, with arguments quoted for a POSIX shell. */

/** How the program was started, by the script that npm says it runs. */
const starters: Readonly<Record<string, string>> = { standby: 'npm run standby --', npx: 'npx standby' }

/** `commandLine('replay', 'my trace.jsonl')` is `standby replay 'my trace.jsonl'`, or the same through npm. */
export function commandLine(...words: readonly string[]): string {
  const starter = starters[process.env.npm_lifecycle_event ?? ''] ?? 'standby'
  return [starter, ...words.map(quoted)].join(' ')
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
