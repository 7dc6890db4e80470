// A report as plain text: the tree by indentation, references by their paths.

import type { ContentItem } from './content.ts';
import type { Report } from './heading.ts';
import type { Reference } from './references.ts';

/** The whole text, its lines ended by CR LF (RFC 2046 4.1.1). */
export function plainReport({ title, facts, root, base }: Report): string {
  const lines = [
    title,
    '='.repeat(title.length),
    ...facts.map(({ name, value }) => `${name}: ${value}`),
    '',
    ...root.children.flatMap((child) => linesOf(child, 0, base)),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

function linesOf(item: ContentItem, depth: number, base: string): string[] {
  const margin = '  '.repeat(depth);
  const references = item.references.map((reference) => referenceText(reference, base));
  const target = item.target === undefined ? '' : `item ${item.target}`;
  const value = [item.value, target, references.join(', ')].filter(Boolean).join(' ');
  const name = [item.relationship && `(${item.relationship})`, item.name].filter(Boolean).join(' ');
  const text = item.valueType === 'CONTAINER' ? `[${name || 'Section'}]` : [name, value].filter(Boolean).join(': ');
  const [first = '', ...more] = text.split(/\r\n|\r|\n/);
  return [
    margin + first,
    ...more.map((line) => `${margin}  ${line}`),
    ...item.children.flatMap((child) => linesOf(child, depth + 1, base)),
  ];
}

function referenceText({ kind, path, frames }: Reference, base: string): string {
  const text = frames.length > 0 ? `${kind}, frame ${frames.join(', ')}` : kind;
  if (path === undefined) return text;
  return `${text} <${base}${path}${frames.length > 0 ? `/frames/${frames.join(',')}` : ''}/rendered>`;
}
