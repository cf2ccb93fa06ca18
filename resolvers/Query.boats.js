// @dataSource boats
import { util } from '@aws-appsync/utils';
import { createPgStatement, select, toJsonObject } from '@aws-appsync/utils/rds';

export function request(ctx) {
  const { seats } = ctx.args;
  const where = seats ? { seats: { eq: seats } } : undefined;
  return createPgStatement(select({ table: 'boats', where, orderBy: [{ column: 'name' }] }));
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  return toJsonObject(ctx.result)[0].map(boat => ({ ...boat, inRepair: boat.in_repair }));
}
