// @dataSource local
const DIGITS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

export function request() {
  return {};
}

export function response() {
  const items = [];
  for (const tens of DIGITS) {
    for (const ones of DIGITS) {
      const i = tens * 10 + ones + 1;
      items.push({
        id: `item-${i}`,
        name: `Item ${i}`,
        title: `Title of item ${i}`,
        status: 'ACTIVE',
        owner: `user-${i % 10}`,
        category: `cat-${i % 7}`,
        price: i + 0.5,
        quantity: i,
        createdAt: '2024-01-01T00:00:00.000Z',
        updatedAt: '2024-06-01T00:00:00.000Z',
      });
    }
  }
  return items;
}
