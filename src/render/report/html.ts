// A report as a page: containers are headings, other items a name with its value; everything out of the report is escaped.

import type { ContentItem } from './content.ts';
import type { Report } from './heading.ts';
import type { Reference } from './references.ts';

const STYLE = `body{font:16px/1.4 sans-serif;max-width:50em;margin:2em auto;padding:0 1em}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1em 1em}dt{color:#555}dd{margin:0}
ul{list-style:none;padding-left:1.2em;border-left:1px solid #ccc}
.name{color:#555}.name::after{content:": "}.how{color:#777;font-style:italic}.value{white-space:pre-wrap}`;
const DEEPEST_HEADING = 6;

/** The whole page. */
export function htmlReport({ title, facts, root, base }: Report): string {
  const heading = facts.map(({ name, value }) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`).join('\n');
  return `<!DOCTYPE html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title>
<style>${STYLE}</style></head>
<body>
<h1>${escaped(title)}</h1>
<dl>
${heading}
</dl>
${root.children.map((child) => block(child, 2, base)).join('\n')}
</body></html>
`;
}

/** Below the root and below a container under headings, other items stand on their own. */
function block(item: ContentItem, level: number, base: string): string {
  if (item.valueType !== 'CONTAINER') return `<ul><li>${line(item, base)}</li></ul>`;
  const tag = `h${Math.min(level, DEEPEST_HEADING)}`;
  const blocks = item.children.map((child) => block(child, level + 1, base)).join('\n');
  return `<section id="i${item.position}"><${tag}>${how(item)}${escaped(item.name || 'Section')}</${tag}>\n${blocks}</section>`;
}

function line(item: ContentItem, base: string): string {
  const name = item.name ? `<span class="name">${escaped(item.name)}</span>` : '';
  const value = item.value ? `<span class="value">${escaped(item.value)}</span>` : '';
  const target = item.target ? `<a href="#i${escaped(item.target)}">item ${escaped(item.target)}</a>` : '';
  const links = item.references.map((reference) => link(reference, base)).join(', ');
  const children = item.children.map((child) => `<li>${line(child, base)}</li>`).join('\n');
  const below = children ? `\n<ul>${children}</ul>` : '';
  return `<span id="i${item.position}">${how(item)}${name}${[value, target, links].filter(Boolean).join(' ')}</span>${below}`;
}

function how({ relationship }: ContentItem): string {
  return relationship ? `<span class="how">${escaped(relationship)}</span> ` : '';
}

function link({ kind, path, frames }: Reference, base: string): string {
  const text = frames.length > 0 ? `${kind}, frame ${frames.join(', ')}` : kind;
  if (path === undefined) return escaped(text);
  const place = frames.length > 0 ? `${path}/frames/${frames.join(',')}` : path;
  return `<a href="${escaped(`${base}${place}/rendered`)}">${escaped(text)}</a>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
