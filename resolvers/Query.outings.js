// @dataSource outings
import { util } from '@aws-appsync/utils';
import { query } from '@aws-appsync/utils/dynamodb';

export function request(ctx) {
  const { boat, limit, nextToken } = ctx.args;
  return query({ query: { boat: { eq: boat } }, scanIndexForward: false, limit: limit ?? 10, nextToken });
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  // { items, nextToken }: the token is null after the last page.
  return ctx.result;
}
