// @dataSource local
import { util } from '@aws-appsync/utils';

// The minutes of the board are for signed-in members. A caller with an API key has no identity (ctx.identity is null), so the
// field is refused; everything else in the same query is still answered.
export function request(ctx) {
  if (!ctx.identity) {
    util.unauthorized();
  }
  return { payload: 'The board decided to paint the boathouse.' };
}

export function response(ctx) {
  return ctx.result;
}
