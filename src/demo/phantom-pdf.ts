// Phantom report: a one-page PDF, written by hand, encapsulated (PS3.3 A.45.1).

import { attributes } from './attributes.ts';
import type { Contents, InstanceContents } from './phantom.ts';

const ENCAPSULATED_PDF_STORAGE = '1.2.840.10008.5.1.4.1.1.104.1';

export function encapsulatedPdf(title: string, lines: readonly string[]): InstanceContents {
  return { number: 1, sopClassUid: ENCAPSULATED_PDF_STORAGE, build: () => build(title, lines) };
}

function build(title: string, lines: readonly string[]): Contents {
  const pdf = pdfOf(title, lines);
  return {
    ConversionType: 'SYN',
    BurnedInAnnotation: 'NO',
    ContentDate: '20240311',
    ContentTime: '091500',
    AcquisitionDateTime: null,
    DocumentTitle: title,
    ConceptNameCodeSequence: [
      attributes({ CodeValue: '18748-4', CodingSchemeDesignator: 'LN', CodeMeaning: 'Diagnostic imaging study' }),
    ],
    MIMETypeOfEncapsulatedDocument: 'application/pdf',
    EncapsulatedDocumentLength: pdf.length,
    EncapsulatedDocument: pdf.length % 2 === 0 ? pdf : Buffer.concat([pdf, Buffer.alloc(1)]),
  };
}

/** A PDF 1.4 file with one page of text in Helvetica: five objects, their offsets, and a trailer. */
export function pdfOf(title: string, lines: readonly string[]): Buffer {
  const text = lines.map((line) => `0 -20 Td (${escaped(line)}) Tj`).join('\n');
  const content = `BT /F1 20 Tf 72 770 Td (${escaped(title)}) Tj /F1 12 Tf 0 -16 Td\n${text}\nET`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R /Resources << /Font << /F1 4 0 R >> >> >>',
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>',
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
  ];
  let file = '%PDF-1.4\n';
  const offsets = objects.map((object, index) => {
    const offset = file.length;
    file += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const rows = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const size = objects.length + 1;
  const table = `xref\n0 ${size}\n0000000000 65535 f \n${rows}`;
  const trailer = `trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${file.length}\n%%EOF\n`;
  return Buffer.from(file + table + trailer, 'latin1');
}

function escaped(text: string): string {
  return text.replace(/[\\()]/g, '\\$&');
}
