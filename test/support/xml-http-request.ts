// XMLHttpRequest on Node's fetch, as much of it as dicomweb-client for browsers uses.

type Headers = Record<string, string>;

export class XmlHttpRequest {
  responseType: '' | 'json' | 'arraybuffer' | 'text' = '';
  withCredentials = false;
  readyState = 0;
  status = 0;
  response: unknown = null;
  onreadystatechange: (() => void) | null = null;
  onloadstart: (() => void) | null = null;
  onloadend: (() => void) | null = null;
  onprogress: (() => void) | null = null;
  private method = 'GET';
  private url = '';
  private readonly sent: Headers = {};
  private received: globalThis.Headers | undefined;

  open(method: string, url: string): void {
    this.method = method.toUpperCase();
    this.url = url;
  }

  setRequestHeader(name: string, value: string): void {
    this.sent[name] = value;
  }

  getResponseHeader(name: string): string | null {
    return this.received?.get(name) ?? null;
  }

  getAllResponseHeaders(): string {
    return [...(this.received ?? [])].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  }

  send(body?: ArrayBuffer | Uint8Array<ArrayBuffer>): void {
    this.onloadstart?.();
    const { method, url, sent: headers } = this;
    void this.finish(fetch(url, { method, headers, ...(body === undefined ? {} : { body }) }));
  }

  private async finish(pending: Promise<Response>): Promise<void> {
    try {
      const answer = await pending;
      const bytes = await answer.arrayBuffer();
      const text = () => new TextDecoder().decode(bytes);
      this.received = answer.headers;
      this.status = answer.status;
      if (this.responseType === 'arraybuffer') this.response = bytes;
      else this.response = this.responseType === 'json' ? JSON.parse(text() || 'null') : text();
    } catch {
      this.status = 0;
    }
    this.readyState = 4;
    this.onreadystatechange?.();
    this.onloadend?.();
  }
}
