// @dataSource upstream
import { util } from '@aws-appsync/utils';

export function request() {
  return { method: 'GET', resourcePath: '/posts', params: {} };
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  return JSON.parse(ctx.result.body);
}
