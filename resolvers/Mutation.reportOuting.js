// @dataSource bus
import { util } from '@aws-appsync/utils';

export function request(ctx) {
  return {
    operation: 'PutEvents',
    events: [{ source: 'club.boathouse', detailType: 'OutingReported', detail: ctx.args.input }],
  };
}

export function response(ctx) {
  if (ctx.error) util.error(ctx.error.message, ctx.error.type);
  const [entry] = ctx.result.Entries;
  if (entry.ErrorCode) util.error(entry.ErrorMessage, entry.ErrorCode);
  return entry.EventId;
}
