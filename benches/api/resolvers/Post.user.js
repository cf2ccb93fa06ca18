// @dataSource upstream
import { util } from '@aws-appsync/utils';

export function request(ctx) {
  return { method: 'GET', resourcePath: `/users/${ctx.source.userId}`, params: {} };
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  return JSON.parse(ctx.result.body);
}
