// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "mimeseal/core/output.h"
#include "mimeseal/mail/open.h"

namespace mimeseal::cli {

/// A file name that stays in its folder: no path, no control or bidi character, no leading dot, not too long, not
/// empty. The ending is kept.
[[nodiscard]] std::string safe_filename(const std::string& wanted, const std::string& fallback);

/// The decoded parts of an opened message as files in a folder, under safe names; nothing is overwritten and no
/// symbolic link is followed. Written beside their places at once, put there by commit().
class Extraction {
 public:
  /// Throws Error(cannot_create), Error(io).
  Extraction(const Opened& opened, const std::string& folder);
  Extraction(const Extraction&) = delete;
  Extraction& operator=(const Extraction&) = delete;
  /// Without commit() nothing is left, nor a folder that was made for it.
  ~Extraction();

  /// Returns the paths. Throws Error(cannot_create); then none of the files is there.
  std::vector<std::string> commit();

 private:
  void open_folder();
  void clean_up() noexcept;
  [[nodiscard]] std::string free_name(const std::string& name);
  void write(const OpenedPart& part);

  std::string folder_;
  std::vector<std::string> names_;
  std::set<std::string> taken_;
  std::vector<std::unique_ptr<OutputFile>> files_;
  int folder_fd_ = -1;
  bool made_folder_ = false;
};

}  // namespace mimeseal::cli
