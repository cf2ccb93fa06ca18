// @dataSource venues
import { util } from '@aws-appsync/utils';

export function request(ctx) {
  const query = {};
  if (ctx.args.city) {
    query.city = ctx.args.city;
  }
  return { method: 'GET', resourcePath: '/_upstream/venues', params: { headers: { accept: 'application/json' }, query } };
}

export function response(ctx) {
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  const { statusCode, body } = ctx.result;
  if (statusCode !== 200) {
    util.error(`The venue service answered ${statusCode}.`, 'VenueService', null, { statusCode });
  }
  // The service wraps its list, { "venues": [...] }; what a venue holds has the names of the schema, and needs no resolvers.
  return JSON.parse(body).venues;
}
