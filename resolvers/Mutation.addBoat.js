// @dataSource boats
import { util } from '@aws-appsync/utils';
import { createPgStatement, insert, toJsonObject } from '@aws-appsync/utils/rds';

export function request(ctx) {
  const { name, seats } = ctx.args.input;
  return createPgStatement(insert({ table: 'boats', values: { name, seats }, returning: '*' }));
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  const [[boat]] = toJsonObject(ctx.result);
  return { ...boat, inRepair: boat.in_repair };
}
