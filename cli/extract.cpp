// SPDX-License-Identifier: MIT
#include "extract.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "mimeseal/core/error.h"
#include "mimeseal/core/text.h"

namespace mimeseal::cli {
namespace {

constexpr std::size_t kMaxName = 180;
constexpr int kMaxTries = 1'000;

std::string numbered(const std::string& name, int number) {
  if (number == 0) return name;
  const std::size_t dot = name.rfind('.');
  const std::size_t at = dot == std::string::npos || dot == 0 ? name.size() : dot;
  return name.substr(0, at) + "-" + std::to_string(number + 1) + name.substr(at);
}

std::string ending_of(const std::string& type) {
  if (type == "text/plain") return ".txt";
  if (type == "text/html") return ".html";
  if (type == "message/rfc822") return ".eml";
  if (type == "image/png") return ".png";
  if (type == "image/jpeg") return ".jpg";
  if (type == "application/pdf") return ".pdf";
  return ".bin";
}

}  // namespace

std::string safe_filename(const std::string& wanted, const std::string& fallback) {
  // visible() turns controls and bidi marks into escapes; their backslash goes the way of all separators.
  const std::string clean = visible(to_valid_utf8(wanted));
  std::string name;
  for (const char c : clean) {
    const bool bad =
        c == '/' || c == '\\' || c == ':' || c == '*' || c == '?' || c == '"' || c == '<' || c == '>' || c == '|';
    name += bad ? '_' : c;
  }
  const std::size_t first = name.find_first_not_of(". -");
  name = first == std::string::npos ? std::string() : name.substr(first);
  while (!name.empty() && (name.back() == '.' || name.back() == ' '))
    name.pop_back();
  if (name.size() > kMaxName) {
    const std::size_t dot = name.rfind('.');
    std::string ending = dot != std::string::npos && name.size() - dot <= 16 ? name.substr(dot) : std::string();
    std::size_t end = kMaxName - ending.size();
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0U) == 0x80)
      --end;  // not within a character
    name = name.substr(0, end) + ending;
  }
  return name.empty() ? fallback : name;
}

Extraction::Extraction(const Opened& opened, const std::string& folder) : folder_(folder) {
  try {
    open_folder();
    for (const OpenedPart& part : opened.parts)
      write(part);
  } catch (...) {
    clean_up();
    throw;
  }
}

Extraction::~Extraction() {
  clean_up();
}

void Extraction::clean_up() noexcept {
  files_.clear();
  if (folder_fd_ >= 0) ::close(folder_fd_);
  if (made_folder_) ::rmdir(folder_.c_str());  // fails, as it should, when there is something in it
}

/// The folder is opened once: what stands behind its name cannot be changed under our feet.
void Extraction::open_folder() {
  const bool made = ::mkdir(folder_.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) throw errno_error(Errc::cannot_create, "cannot create the folder", folder_, errno);
  folder_fd_ = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_fd_ < 0) throw errno_error(Errc::cannot_create, "cannot open the folder", folder_, errno);
  made_folder_ = made;
}

/// A name that nothing has, be it a link that leads nowhere; also where letter case makes no difference.
std::string Extraction::free_name(const std::string& name) {
  for (int number = 0; number < kMaxTries; ++number) {
    std::string candidate = numbered(name, number);
    struct stat there {};
    const bool is_there = ::fstatat(folder_fd_, candidate.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0;
    if (!is_there && taken_.insert(ascii_lower(candidate)).second) return candidate;
  }
  throw Error(Errc::cannot_create, "a thousand files of that name are there already", folder_ + "/" + name);
}

void Extraction::write(const OpenedPart& part) {
  std::string name = free_name(safe_filename(part.filename, "part-" + part.path + ending_of(part.type)));
  auto file =
      std::make_unique<OutputFile>("/proc/self/fd/" + std::to_string(folder_fd_) + "/" + name, folder_ + "/" + name);
  const auto body = decoded_body(part.input, part.part);
  copy(*body, *file);
  file->finish();
  files_.push_back(std::move(file));
  names_.push_back(std::move(name));
}

std::vector<std::string> Extraction::commit() {
  std::vector<std::string> paths;
  try {
    for (std::size_t i = 0; i < files_.size(); ++i) {
      files_[i]->commit_new();
      paths.push_back(folder_ + "/" + names_[i]);
    }
  } catch (...) {
    for (std::size_t i = 0; i < paths.size(); ++i)
      ::unlinkat(folder_fd_, names_[i].c_str(), 0);
    throw;
  }
  return paths;
}

}  // namespace mimeseal::cli
