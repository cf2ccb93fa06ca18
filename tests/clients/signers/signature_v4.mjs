// Requests signed by @aws-sdk/signature-v4 with @aws-crypto/sha256-js, as AWS's own examples for AppSync do. Input and output as
// botocore.py's.
import { readFileSync } from 'node:fs';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@aws-sdk/signature-v4';

const task = JSON.parse(readFileSync(0, 'utf8'));
const url = new URL(task.url);
const answers = [];
for (const asked of task.requests) {
  const credentials = { accessKeyId: asked.access_key_id, secretAccessKey: asked.secret_access_key };
  if (asked.session_token !== null) credentials.sessionToken = asked.session_token;
  const signer = new SignatureV4({ credentials, region: asked.region, service: asked.service, sha256: Sha256 });
  const { method, headers, body } = await signer.sign({
    method: 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    port: Number(url.port),
    path: url.pathname,
    headers: { 'Content-Type': 'application/json', host: url.host },
    body: asked.body,
  });
  const answer = await fetch(url, { method, headers, body });
  answers.push({ status: answer.status, error_type: answer.headers.get('x-amzn-errortype'), body: await answer.text() });
}
console.log(JSON.stringify(answers));
