// @dataSource local
import { util } from '@aws-appsync/utils';

const SHORTEST_TITLE = 3;

export function request(ctx) {
  const { input } = ctx.args;
  const title = input.title.trim();
  if (title.length < SHORTEST_TITLE) {
    // Neither the data source nor the functions after this one run, and the field is null.
    util.error(`A title has at least ${SHORTEST_TITLE} characters.`, 'ValidationError', null, { field: 'title', given: title });
  }
  return { payload: { ...input, title } };
}

export function response(ctx) {
  return ctx.result;
}
