// @dataSource none
import { extensions, util } from '@aws-appsync/utils';
export function request() { return { payload: null }; }
export function response(ctx) {
  extensions.setSubscriptionFilter(util.transform.toSubscriptionFilter({ room: { eq: 'party' } }));
  extensions.setSubscriptionInvalidationFilter(util.transform.toSubscriptionFilter({ guest: { eq: ctx.args.guest } }));
  return null;
}
