// What the scripts of the JavaScript clients share. A test tells a script what to do in lines of JSON on standard input, and reads what
// happens in lines of JSON from standard output. The clients find a WebSocket that also tells what passes; nothing of it is changed.
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';

export const tell = (event, more) => process.stdout.write(`${JSON.stringify({ event, ...more })}\n`);

const shown = (data) => {
  if (typeof data === 'string') return { text: data };
  return { hex: Buffer.from(data.buffer ?? data, data.byteOffset, data.byteLength).toString('hex') };
};

// Node.js 20 has no WebSocket of its own that is not an experiment.
globalThis.WebSocket = class extends WebSocket {
  constructor(url, protocols) {
    super(url, protocols);
    this.on('open', () => tell('opened', { url: this.url, protocol: this.protocol }));
    this.on('message', (data, binary) => tell('received', shown(binary ? data : data.toString())));
    this.on('close', (code, reason) => tell('closed', { code, reason: reason.toString() }));
    this.on('error', (error) => tell('failed', { message: error.message }));
  }

  send(data, ...more) {
    tell('sent', shown(data));
    super.send(data, ...more);
  }
};

// What a client gives to `error`, or gives as an error beside data, in words.
export const words = (thrown) => {
  // Apollo Client wraps what is no Error: `cause` is what the link gave.
  const errors = thrown.errors ?? thrown.graphQLErrors ?? thrown.cause?.errors;
  if (Array.isArray(errors) && errors.length > 0) return errors.map((error) => error.message).join('\n');
  return thrown.message ?? thrown.errorMessage ?? String(thrown);
};

// The observer that tells under this name what a subscription gives.
export const observer = (name) => ({
  next: ({ data, errors, error }) =>
    tell('next', { name, data: data ?? null, ...((errors ?? error) && { message: words(error ?? { errors }) }) }),
  error: (thrown) => tell('error', { name, message: words(thrown) }),
  complete: () => tell('complete', { name }),
});

// Does what is asked until standard input ends. What a command throws is told.
export const listen = async (commands) => {
  for await (const line of createInterface({ input: process.stdin })) {
    const { command, ...given } = JSON.parse(line);
    try {
      await commands[command](given);
    } catch (thrown) {
      tell('thrown', { command, message: words(thrown) });
    }
  }
  process.exit();
};
