// @dataSource awards
import { util } from '@aws-appsync/utils';

// The requests of all outings of a list are one call of the function.
export function request(ctx) {
  return { operation: 'BatchInvoke', payload: { kilometres: ctx.source.kilometres } };
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  return ctx.result;
}
