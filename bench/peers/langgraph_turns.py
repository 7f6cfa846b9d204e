"""The same agent in LangGraph: a model that answers at once, a tool that reads one line, checkpoints in SQLite.

usage: langgraph_turns.py <base url> <turns> <database>
Needs the packages langgraph, langgraph-checkpoint-sqlite and langchain-openai.
"""

import sqlite3
import sys

from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.prebuilt import create_react_agent

base_url, turns, database = sys.argv[1], int(sys.argv[2]), sys.argv[3]


@tool
def read_file(line: int) -> str:
    """Read a line of the notes."""
    return f"{line}: a note of an ordinary length, as one would write it"


connection = sqlite3.connect(database, check_same_thread=False)
connection.execute("PRAGMA journal_mode=WAL")
connection.execute("PRAGMA synchronous=FULL")
model = ChatOpenAI(model="instant", base_url=base_url, api_key="none", max_retries=0)
agent = create_react_agent(model, [read_file], checkpointer=SqliteSaver(connection))
settings = {"configurable": {"thread_id": "bench"}, "recursion_limit": 4 * turns + 10}
agent.invoke({"messages": [("user", "Read the notes")]}, settings, durability="sync")
