// SPDX-License-Identifier: MIT
#include <algorithm>
#include <vector>

#include "commands.h"
#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"
#include "mimeseal/mail/open.h"
#include "mimeseal/toolkit/report.h"
#include "settings.h"
#include "terminal.h"

namespace mimeseal::cli {
namespace {

std::string describe(const Part& part, const Inspected& inspected) {
  std::string line = part.path + " " + visible(part.content_type.value);
  if (!part.filename.empty()) line += " \"" + visible(part.filename) + "\"";
  line += ", " + std::to_string(part.body_end - part.body_begin) + " octets";
  if (part.transfer_encoding != "7bit") line += ", " + visible(part.transfer_encoding);
  for (const Inspected::Layer& layer : inspected.layers)
    if (layer.path == part.path)
      line +=
          "  [" + std::string(to_string(layer.type)) + (layer.detail.empty() ? "" : ": " + visible(layer.detail)) + "]";
  return line;
}

/// The tree, drawn without recursion: each entry knows the bars that stand left of it.
std::string draw(const Inspected& inspected) {
  struct Entry {
    const Part* part;
    std::string indent;
    std::string branch;
  };
  std::string text;
  std::vector<Entry> todo{{&inspected.index.root, "", ""}};
  while (!todo.empty()) {
    const Entry entry = todo.back();
    todo.pop_back();
    text += entry.indent + entry.branch + describe(*entry.part, inspected) + "\n";
    const std::string below =
        entry.branch.empty() ? std::string() : entry.indent + (entry.branch.starts_with("└") ? "   " : "│  ");
    const auto& children = entry.part->children;
    for (std::size_t i = children.size(); i-- > 0;)
      todo.push_back({&children[i], below, i + 1 == children.size() ? "└─ " : "├─ "});
  }
  return text;
}

}  // namespace

int run_inspect(const Options& options) {
  const InputPtr input = open_message_input(single_argument(options));
  Engines engines{KeySettings()};  // no keys: for what needs none
  const Inspected inspected = inspect_message(input, {}, &engines.get(Protocol::smime));
  if (options.json) {
    print_json(report_json(inspected));
    return 0;
  }
  std::string text = draw(inspected);
  for (const Problem& problem : inspected.index.problems)
    text += "problem at " + problem.path + ": " + problem.code + ": " + visible(problem.why) + "\n";
  print_result(text);
  return 0;
}

}  // namespace mimeseal::cli
