// @dataSource orders
import { util } from '@aws-appsync/utils';
export function request(ctx) {
  const { ids, customer, total } = ctx.args;
  const transactItems = ids.map((id) => ({
    table: 'orders',
    operation: 'PutItem',
    key: util.dynamodb.toMapValues({ id }),
    attributeValues: util.dynamodb.toMapValues({ customer, total }),
  }));
  return { operation: 'TransactWriteItems', transactItems };
}
export function response(ctx) {
  if (ctx.error) { util.error(ctx.error.message, ctx.error.type); }
  return ctx.result.keys.map((key) => key.id);
}
