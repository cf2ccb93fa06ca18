// @dataSource local
import { util, type Context } from '@aws-appsync/utils';

// The last function. With a table behind it, this request would be a PutItem; a NONE data source hands the payload back.
export function request(ctx: Context) {
  const { title, body, category, authorId, attributes } = ctx.prev.result;
  return {
    payload: {
      id: util.autoId(),
      title,
      body,
      category,
      authorId,
      // AWSJSON arrives as text and is a value here.
      attributes: { ...(attributes ?? {}), writtenAs: ctx.stash.role },
      createdAt: ctx.stash.now,
    },
  };
}

export function response(ctx: Context) {
  return ctx.result;
}
