import { util } from '@aws-appsync/utils';

const REQUIRED = ['title', 'content'];

export function request(ctx) {
  const { id, input = {}, tags = [] } = ctx.args;
  for (const name of REQUIRED) {
    if (!input[name]) util.error(`${name} is required`, 'ValidationError');
  }
  const owner = ctx.identity?.claims?.sub ?? 'anonymous';
  const names = {};
  const values = {};
  const parts = [];
  for (const [key, value] of Object.entries(input)) {
    names[`#${key}`] = key;
    values[`:${key}`] = util.dynamodb.toDynamoDB(value);
    parts.push(`#${key} = :${key}`);
  }
  names['#tags'] = 'tags';
  values[':tags'] = { L: tags.filter((tag) => tag !== '').map((tag) => ({ S: tag.toLowerCase() })) };
  parts.push('#tags = :tags');
  ctx.stash.owner = owner;
  return {
    operation: 'UpdateItem',
    key: util.dynamodb.toMapValues({ id, owner }),
    update: { expression: 'SET ' + parts.join(', '), expressionNames: names, expressionValues: values },
  };
}

export function response(ctx) {
  const { error, result } = ctx;
  if (error) util.error(error.message, error.type, result);
  return { ...result, title: result.title.trim(), own: result.owner === ctx.identity.claims.sub, tagCount: result.tags.length };
}
