// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mimeseal/send/options.h"
#include "mimeseal/send/sender.h"
#include "mimeseal/send/url.h"

namespace mimeseal {

/// Which sender a URL's scheme names. A value: add schemes of your own to a copy.
class MIMESEAL_API SenderRegistry {
 public:
  using Factory = std::function<std::unique_ptr<Sender>(const SenderUrl&, SenderOptions)>;

  /// smtp, smtps, ses, file, maildir, exec.
  [[nodiscard]] static SenderRegistry standard();
  /// Replaces the scheme when it is there already. Throws Error(usage) for a scheme that is no scheme.
  void add(std::string scheme, Factory factory);
  [[nodiscard]] std::vector<std::string> schemes() const;
  /// Throws Error(usage) naming the schemes there are.
  [[nodiscard]] std::unique_ptr<Sender> make(std::string_view url, SenderOptions options) const;

 private:
  std::map<std::string, Factory, std::less<>> factories_;
};

}  // namespace mimeseal
