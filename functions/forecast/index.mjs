// The whole context of the field is the event of a direct Lambda resolver. A real function would ask a weather service; this one
// makes its wind of the day's digits, so that the example needs nothing else.
export const handler = async (event) => {
  const { day } = event.arguments;
  const digits = [...day].map(Number).filter((digit) => digit >= 0);
  const wind = digits.reduce((sum, digit) => sum + digit, 0) % 8;
  console.log(`forecast for ${day} from the ${process.env.TIDE_TABLE}`);
  return { day, wind, rowing: wind < 5 };
};
