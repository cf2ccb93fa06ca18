// Runs a Node.js handler: asks the Lambda Runtime API for events, calls the handler, reports its result.
//
// The API is spoken over one plain socket. Reporting a result and asking for the next event leave in one write, and the socket
// can be hidden from the event loop, which is how an empty event loop is noticed while a handler runs.

import fs from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import util from 'node:util';

const api = process.env.AWS_LAMBDA_RUNTIME_API;
const taskRoot = process.env.LAMBDA_TASK_ROOT;
process.env.AWS_EXECUTION_ENV ??= `AWS_Lambda_nodejs${process.versions.node.split('.')[0]}.x`;

class RuntimeApi {
    #socket;
    #waiting = [];
    #received = Buffer.alloc(0);
    #head = null;

    constructor() {
        const [host, port] = api.split(':');
        // One buffer for all reads, without a stream's events.
        const onread = { buffer: Buffer.allocUnsafe(64 << 10), callback: (size, buffer) => this.#receive(buffer.subarray(0, size)) };
        this.#socket = net.connect({ host, port: Number(port), noDelay: true, onread });
        // Without its host a process has nothing left to do.
        this.#socket.on('error', () => process.exit(1));
        this.#socket.on('close', () => process.exit(1));
    }

    next() {
        return this.#send(request('GET', 'invocation/next'));
    }

    // Reports and asks for the next event in one write; the header tells that the report's answer may come with the event.
    reportAndNext(requestId, kind, body) {
        const report = request('POST', `invocation/${requestId}/${kind}`, body, 'Lambda-Host-Next-Follows: 1\r\n');
        this.#waiting.push(() => {});
        return this.#send(report + request('GET', 'invocation/next'));
    }

    report(resource, body) {
        return this.#send(request('POST', resource, body));
    }

    ref() {
        this.#socket.ref();
    }

    unref() {
        this.#socket.unref();
    }

    #send(text) {
        this.#socket.write(text);
        return new Promise((resolve) => this.#waiting.push(resolve));
    }

    #receive(chunk) {
        if (this.#head?.partial) {
            this.#append(chunk);
            return true;
        }
        let bytes = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
        while (bytes.length > 0) {
            const end = bytes.indexOf('\r\n\r\n');
            if (end < 0) {
                break;
            }
            const head = parseHead(bytes.latin1Slice(0, end));
            const body = bytes.subarray(end + 4, end + 4 + head.length);
            if (body.length < head.length) {
                // A large body comes in many pieces, which are put in place as they come.
                head.partial = Buffer.allocUnsafe(head.length);
                head.filled = 0;
                this.#head = head;
                this.#received = Buffer.alloc(0);
                this.#append(body);
                return true;
            }
            bytes = bytes.subarray(end + 4 + head.length);
            this.#answer(head, body);
        }
        // The buffer is used again: what is left must be copied.
        this.#received = bytes.length === 0 ? bytes : Buffer.from(bytes);
        return true;
    }

    #append(chunk) {
        const head = this.#head;
        const wanted = Math.min(chunk.length, head.length - head.filled);
        chunk.copy(head.partial, head.filled, 0, wanted);
        head.filled += wanted;
        if (head.filled === head.length) {
            this.#head = null;
            this.#answer(head, head.partial);
            this.#receive(chunk.subarray(wanted));
        }
    }

    #answer({ status, headers }, body) {
        this.#waiting.shift()({ status, headers, body: body.utf8Slice() });
    }
}

function request(method, resource, body, headers = '') {
    const length = body === undefined ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    return `${method} /2018-06-01/runtime/${resource} HTTP/1.1\r\nHost: ${api}\r\n${headers}${length}\r\n${body ?? ''}`;
}

function parseHead(text) {
    const [statusLine, ...lines] = text.split('\r\n');
    const headers = {};
    for (const line of lines) {
        const colon = line.indexOf(':');
        const value = line.slice(colon + 1).trim();
        // Headers are bytes; ours carry UTF-8.
        headers[line.slice(0, colon).toLowerCase()] = /[^\x00-\x7f]/.test(value) ? Buffer.from(value, 'latin1').toString() : value;
    }
    return { status: Number(statusLine.split(' ')[1]), headers, length: Number(headers['content-length'] ?? 0) };
}

class RuntimeError extends Error {
    constructor(type, message) {
        super(message);
        this.name = type;
    }
}

// `lib/index.module.handler`: the file `lib/index`, in it `module.handler`.
async function loadHandler(name) {
    const folder = path.dirname(name);
    const [file, ...properties] = path.basename(name).split('.');
    if (!file || properties.length === 0 || properties.includes('')) {
        throw new RuntimeError('Runtime.MalformedHandlerName', `Bad handler: ${name}`);
    }
    const exports = await loadModule(path.resolve(taskRoot, folder, file));
    const find = (object) => properties.reduce((value, property) => value?.[property], object);
    const handler = find(exports) ?? find(exports?.default);
    if (typeof handler !== 'function') {
        const problem = handler === undefined ? 'undefined or not exported' : 'not a function';
        throw new RuntimeError('Runtime.HandlerNotFound', `${name} is ${problem}`);
    }
    return handler;
}

async function loadModule(stem) {
    const extensions = ['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts'];
    const extension = extensions.find((candidate) => fs.existsSync(stem + candidate));
    if (extension === undefined) {
        const looked = extensions.map((candidate) => path.basename(stem) + candidate).join(', ');
        throw new RuntimeError('Runtime.ImportModuleError', `Error: Cannot find module '${path.basename(stem)}' (looked for ${looked} in ${path.dirname(stem)})`);
    }
    const file = stem + extension;
    if (extension.endsWith('ts') && !process.features.typescript) {
        throw new RuntimeError(
            'Runtime.ImportModuleError',
            `Error: ${path.basename(file)} is TypeScript, which Node.js ${process.version} does not run: compile it to JavaScript, or use Node.js 22.18 or later`,
        );
    }
    try {
        if (extension === '.js' || extension === '.cjs') {
            try {
                return createRequire(file)(file);
            } catch (error) {
                if (error?.code !== 'ERR_REQUIRE_ESM' && error?.code !== 'ERR_REQUIRE_ASYNC_MODULE') {
                    throw error;
                }
            }
        }
        return await import(pathToFileURL(file));
    } catch (error) {
        if (error instanceof SyntaxError) {
            throw relabelled(error, 'Runtime.UserCodeSyntaxError');
        }
        if (error?.code === 'MODULE_NOT_FOUND' || error?.code === 'ERR_MODULE_NOT_FOUND') {
            throw relabelled(error, 'Runtime.ImportModuleError');
        }
        throw error;
    }
}

function relabelled(error, type) {
    const other = new RuntimeError(type, String(error));
    other.stack = error?.stack ?? other.stack;
    return other;
}

// `{errorType, errorMessage, trace}`, as Lambda shows a thrown value.
function errorObject(error) {
    try {
        if (util.types.isNativeError(error) || isLikeError(error)) {
            return { errorType: error.name, errorMessage: error.message, trace: error.stack.split('\n') };
        }
        return { errorType: typeof error, errorMessage: error.toString(), trace: [] };
    } catch {
        const problem = 'there was a problem while retrieving one or more of its message, name, and stack';
        return { errorType: 'handled', errorMessage: `callback called with Error argument, but ${problem}` };
    }
}

// An error of another realm or of a library of its own.
function isLikeError(value) {
    return [value?.name, value?.message, value?.stack].every((text) => typeof text === 'string' && text !== '');
}

function errorBody(error) {
    return JSON.stringify(errorObject(error));
}

// What the process is doing, for errors that escape every handler.
let phase = 'init';

// One line: time, request id, level, text. All on standard output, so that the order stays.
let currentRequestId;
function log(level, ...values) {
    process.stdout.write(`${new Date().toISOString()}\t${currentRequestId}\t${level}\t${util.format(...values)}\n`);
}

function patchConsole() {
    const levels = { log: 'INFO', info: 'INFO', debug: 'DEBUG', trace: 'TRACE', warn: 'WARN', error: 'ERROR', fatal: 'FATAL' };
    for (const [method, level] of Object.entries(levels)) {
        console[method] = (...values) => log(level, ...values);
    }
}

// Calls the handler. The promise is settled when the result may be reported: at once, but for the result of a callback, which waits
// until nothing is left to do unless the handler says otherwise. Whatever is called first counts, an `async` handler's promise included.
function invoke(runtimeApi, handler, event, context) {
    return new Promise((resolve, reject) => {
        let waitForEmptyEventLoop = true;
        let promised = false;
        let called = false;
        const unanswered = () => {
            called = true;
            if (!promised) {
                resolve(undefined);
                return;
            }
            reject(new RuntimeError('Runtime.NodeJsExit', 'The event loop is empty and the promise that the handler returned was never settled'));
        };
        let atTheEnd = unanswered;
        const report = (action) => {
            process.off('beforeExit', emptyEventLoop);
            runtimeApi.ref();
            action();
        };
        // Node.js emits this when nothing is left to wait for; the socket does not count meanwhile.
        const emptyEventLoop = () => report(atTheEnd);
        const isError = (error) => error !== undefined && error !== null;
        const ifFirst = (action) => (...values) => {
            if (!called) {
                called = true;
                action(...values);
            }
        };
        const settle = (error, result) => report(isError(error) ? () => reject(error) : () => resolve(result));
        const callback = ifFirst((error, result) => {
            if (isError(error) || !waitForEmptyEventLoop) {
                settle(error, result);
            } else {
                atTheEnd = () => resolve(result);
            }
        });
        Object.defineProperty(context, 'callbackWaitsForEmptyEventLoop', {
            enumerable: true,
            get: () => waitForEmptyEventLoop,
            set: (value) => { waitForEmptyEventLoop = Boolean(value); },
        });
        context.done = ifFirst(settle);
        context.succeed = ifFirst((result) => settle(null, result));
        context.fail = ifFirst((error) => settle(error ?? 'handled'));

        runtimeApi.unref();
        process.on('beforeExit', emptyEventLoop);
        try {
            const result = handler(event, context, callback);
            if (typeof result?.then === 'function') {
                promised = true;
                result.then(context.succeed, context.fail);
            }
        } catch (error) {
            callback(error);
        }
    });
}

function makeContext(headers) {
    const deadline = Number(headers['lambda-runtime-deadline-ms']);
    const parsed = (name) => (headers[name] === undefined ? undefined : JSON.parse(headers[name]));
    const env = process.env;
    return {
        functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
        functionName: env.AWS_LAMBDA_FUNCTION_NAME,
        memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
        logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
        logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
        clientContext: parsed('lambda-runtime-client-context'),
        identity: parsed('lambda-runtime-cognito-identity'),
        invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
        awsRequestId: headers['lambda-runtime-aws-request-id'],
        getRemainingTimeInMillis: () => deadline - Date.now(),
    };
}

function stringify(result) {
    try {
        return JSON.stringify(result === undefined ? null : result) ?? 'null';
    } catch (error) {
        throw new RuntimeError('Runtime.UnmarshalableResult', `Unable to stringify response body: ${error.message}`);
    }
}

// What escapes every handler ends the process, after a report.
async function fatal(runtimeApi, error, exitCode) {
    log('ERROR', 'Uncaught', errorBody(error));
    // Between invocations there is nobody to tell: the host starts another process when it needs one.
    if (phase !== 'idle') {
        runtimeApi.ref();
        await runtimeApi.report(phase === 'init' ? 'init/error' : `invocation/${currentRequestId}/error`, errorBody(error));
    }
    process.exit(exitCode);
}

// Lambda's Node.js has this global. Answers are not streamed here, and a handler that needs it is told by name.
globalThis.awslambda = {
    streamifyResponse() {
        throw new RuntimeError('Runtime.StreamingUnsupported', 'awslambda.streamifyResponse: this host does not stream responses; return the whole answer');
    },
};

const runtimeApi = new RuntimeApi();
patchConsole();
process.on('uncaughtException', (error) => fatal(runtimeApi, error, 129));
process.on('unhandledRejection', (reason) => fatal(runtimeApi, relabelled(reason, 'Runtime.UnhandledPromiseRejection'), 128));

let handler;
try {
    handler = await loadHandler(process.env._HANDLER);
} catch (error) {
    await fatal(runtimeApi, error, 1);
}
phase = 'idle';
let answer = await runtimeApi.next();
while (answer.status === 200) {
    const { headers, body } = answer;
    currentRequestId = headers['lambda-runtime-aws-request-id'];
    phase = 'running';
    process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
    let kind = 'response';
    let result;
    try {
        result = stringify(await invoke(runtimeApi, handler, JSON.parse(body), makeContext(headers)));
    } catch (error) {
        log('ERROR', 'Invoke Error', errorBody(error));
        kind = 'error';
        result = errorBody(error);
    }
    phase = 'idle';
    answer = await runtimeApi.reportAndNext(currentRequestId, kind, result);
}
process.exit(1);
