/** How wide text is, without a browser: the advance widths of Helvetica, which Arial and Liberation Sans share. */

/** Characters by their width, in thousandths of the font size; any other character counts as 556. */
type Widths = Readonly<Record<number, string>>

const regular: Widths = {
  191: "'",
  222: 'ijl',
  278: ' !,./:;I[]ft\\',
  333: '()-r`',
  389: '*',
  500: 'Jckvxsyz',
  584: '+<=>',
  611: 'FTZ',
  667: 'ABEKPSVXY&',
  722: 'CDHNRUw',
  778: 'GOQ',
  833: 'Mm',
  889: '%',
  944: 'W',
  1015: '@',
}
const bold: Widths = {
  278: ' ,./Iijl\\',
  333: "!()-:;[]ft'",
  389: '*r',
  500: 'z',
  611: 'FLTZbdghnopqu',
  667: 'EPSVXY',
  722: 'ABCDHKNRU&',
  778: 'GOQw',
  833: 'M',
  889: '%m',
  944: 'W',
}

const widthOf = (widths: Widths): ReadonlyMap<string, number> =>
  new Map(Object.entries(widths).flatMap(([width, all]) => [...all].map((one) => [one, Number(width)])))
const tables = { regular: widthOf(regular), bold: widthOf(bold) }

/** Width in pixels of `text` at `size` pixels. */
export function textWidth(text: string, size: number, weight: 'regular' | 'bold' = 'regular'): number {
  const units = [...text].reduce((sum, character) => sum + (tables[weight].get(character) ?? 556), 0)
  return (units / 1000) * size
}

/** The lines of `text`, broken between words so that none is wider than `width` unless a single word is. */
export function wrap(text: string, width: number, size: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && textWidth(longer, size) > width) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return line === '' ? lines : [...lines, line]
}
