import { createServer } from 'node:http';

import { createShop, handle } from './shop.js';

const shop = createShop();
const port = Number(process.env.PORT ?? 8080);

async function readJson(request) {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
  }
  return text === '' ? undefined : JSON.parse(text);
}

const server = createServer(async (request, response) => {
  try {
    const { pathname: path } = new URL(request.url, 'http://localhost');
    const answer = handle(shop, { method: request.method, path, body: await readJson(request) });
    response.writeHead(answer.status, { 'content-type': answer.type });
    response.end(answer.body);
  } catch (error) {
    const status = error instanceof SyntaxError ? 400 : 500;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: status === 400 ? 'the body is not JSON' : 'something went wrong' }));
  }
});

server.listen(port, () => console.log(`Corner Shop is open at http://localhost:${port}`));
