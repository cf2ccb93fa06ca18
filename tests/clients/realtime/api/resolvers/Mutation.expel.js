// @dataSource none
import { extensions } from '@aws-appsync/utils';
export function request(ctx) { return { payload: ctx.args.guest }; }
export function response(ctx) {
  extensions.invalidateSubscriptions({ subscriptionField: 'onParty', payload: { guest: ctx.args.guest } });
  return ctx.result;
}
