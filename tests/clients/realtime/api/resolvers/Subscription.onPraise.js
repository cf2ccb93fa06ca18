// @dataSource none
import { extensions, util } from '@aws-appsync/utils';
export function request() { return { payload: null }; }
export function response(ctx) {
  extensions.setSubscriptionFilter(util.transform.toSubscriptionFilter({ stars: { ge: ctx.args.stars } }));
  return null;
}
