// @dataSource none
import { util } from '@aws-appsync/utils';
export function request() { return { payload: null }; }
export function response(ctx) {
  if (ctx.request.headers['x-visitor'] !== 'zoe') util.error('The board is closed.', 'Closed');
  return null;
}
