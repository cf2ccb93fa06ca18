// @dataSource local
import { util, extensions } from '@aws-appsync/utils';

// A subscription's resolver runs once, when it starts: it may refuse whoever asks, and say what they hear.
export function request() {
  return { payload: null };
}

export function response(ctx) {
  const filter = util.transform.toSubscriptionFilter({ postId: { in: ctx.args.postIds } });
  extensions.setSubscriptionFilter(filter);
  return null;
}
