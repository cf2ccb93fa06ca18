// The SDK for JavaScript against the endpoint of EvaluateCode and EvaluateMappingTemplate, written as tests of resolvers are. Argument: the
// endpoint.
const assert = require('node:assert/strict');
const { AppSyncClient, EvaluateCodeCommand, EvaluateMappingTemplateCommand, BadRequestException } = require('@aws-sdk/client-appsync');

const client = new AppSyncClient({ endpoint: process.argv[2], region: 'us-east-1', maxAttempts: 1 });
const runtime = { name: 'APPSYNC_JS', runtimeVersion: '1.0.0' };

async function main() {
  const code = `import { util } from '@aws-appsync/utils'
export function request(ctx) {
  console.log('asked', { by: 'me' })
  return { operation: 'GetItem', key: util.dynamodb.toMapValues({ id: ctx.args.id }) }
}
export function response(ctx) {
  if (ctx.error) util.error(ctx.error.message, ctx.error.type)
  return ctx.result
}`;
  const evaluate = (handler, context, text = code) =>
    client.send(new EvaluateCodeCommand({ code: text, context: JSON.stringify(context), function: handler, runtime }));

  const asked = await evaluate('request', { arguments: { id: 'item-id' } });
  assert.deepEqual(JSON.parse(asked.evaluationResult), { operation: 'GetItem', key: { id: { S: 'item-id' } } });
  assert.deepEqual([asked.error, asked.logs, asked.stash, asked.outErrors], [undefined, ['INFO - code.js:3:3: "asked" {"by":"me"}'], '{}', '[]']);
  const answered = await evaluate('response', { result: [1] });
  assert.equal(answered.evaluationResult, '[1]');
  const failed = await evaluate('response', { error: { message: 'late', type: 'Timeout' } });
  assert.deepEqual([failed.evaluationResult, failed.error.message], [undefined, 'late']);
  const refused = await evaluate('request', {}, 'export async function request() { try { throw 1 } catch (e) {} }');
  assert.ok(refused.error.codeErrors.every((error) => error.errorType === 'LINT_ERROR' && error.location.line === 1), JSON.stringify(refused));

  const template = '{"version": "2018-05-29", "payload": $util.toJson($ctx.args)}';
  const rendered = await client.send(new EvaluateMappingTemplateCommand({ template, context: JSON.stringify({ arguments: { a: 1 } }) }));
  assert.equal(rendered.evaluationResult, '{"version": "2018-05-29", "payload": {"a":1}}');

  const bad = client.send(new EvaluateMappingTemplateCommand({ template, context: 'no JSON' }));
  await assert.rejects(bad, (error) => error instanceof BadRequestException && error.$metadata.httpStatusCode === 400 && error.message !== '');
}

main().then(() => process.stdout.write('passed\n'));
